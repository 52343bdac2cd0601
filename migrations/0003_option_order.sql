-- Options of a custom property keep the order in which they were defined.
ALTER TABLE custom_property_options ADD COLUMN ordinal integer NOT NULL DEFAULT 0;
