//! Former countries: data for suggestions.

/// A country whose code was removed from ISO 3166-1 (ISO 3166-3).
#[derive(Debug)]
pub struct FormerCountry {
    pub name: &'static str,
    /// Its codes of two, three and four letters and its other names, separated by `|`.
    pub aliases: &'static str,
    /// The year in which its code was withdrawn.
    pub until: u16,
    /// The current codes for its territory, in alphabetical order.
    pub successors: &'static [&'static str],
}

const fn former(
    name: &'static str,
    aliases: &'static str,
    until: u16,
    successors: &'static [&'static str],
) -> FormerCountry {
    FormerCountry {
        name,
        aliases,
        until,
        successors,
    }
}

/// The countries of ISO 3166-3, without those whose codes were reassigned.
pub const FORMER_COUNTRIES: &[FormerCountry] = &[
    former(
        "the French Afars and Issas",
        "AFI|AIDJ|French Somaliland",
        1977,
        &["DJ"],
    ),
    former(
        "the Netherlands Antilles",
        "AN|ANT|ANHH|Dutch Antilles|Netherlands Antillean",
        2010,
        &["BQ", "CW", "SX"],
    ),
    former("the British Antarctic Territory", "ATB|BQAQ", 1979, &["AQ"]),
    former("Burma", "BU|BUR|BUMM|Burmese", 1989, &["MM"]),
    former("the Byelorussian SSR", "BYS|BYAA", 1992, &["BY"]),
    former(
        "Czechoslovakia",
        "CS|CSK|CSHH|CSSR|Czechoslovak|Czechoslovakian",
        1993,
        &["CZ", "SK"],
    ),
    former("Serbia and Montenegro", "CS|SCG|CSXX", 2006, &["ME", "RS"]),
    former("Canton and Enderbury Islands", "CT|CTE|CTKI", 1984, &["KI"]),
    former("Dahomey", "DY|DHY|DYBJ", 1977, &["BJ"]),
    former("Dronning Maud Land", "NQ|ATN|NQAQ", 1983, &["AQ"]),
    former("East Timor", "TP|TMP|TPTL", 2002, &["TL"]),
    former("Metropolitan France", "FX|FXX|FXFR", 1997, &["FR"]),
    former(
        "the French Southern and Antarctic Territories",
        "FQ|FQHH",
        1979,
        &["AQ", "TF"],
    ),
    former(
        "the German Democratic Republic",
        "DD|DDR|DDDE|GDR|East Germany|East German",
        1990,
        &["DE"],
    ),
    former(
        "the Gilbert and Ellice Islands",
        "GEL|GEHH|Gilbert Islands|Ellice Islands",
        1979,
        &["KI", "TV"],
    ),
    former("Johnston Island", "JT|JTN|JTUM", 1986, &["UM"]),
    former("the Midway Islands", "MI|MID|MIUM|Midway", 1986, &["UM"]),
    former("the New Hebrides", "NH|NHB|NHVU", 1980, &["VU"]),
    former("the Neutral Zone", "NT|NTZ|NTHH", 1993, &["IQ", "SA"]),
    former(
        "the Trust Territory of the Pacific Islands",
        "PC|PCI|PCHH",
        1986,
        &["FM", "MH", "MP", "PW"],
    ),
    former(
        "the US Miscellaneous Pacific Islands",
        "PU|PUS|PUUM",
        1986,
        &["UM"],
    ),
    former("the Panama Canal Zone", "PZ|PCZ|PZPA", 1980, &["PA"]),
    former(
        "Southern Rhodesia",
        "RH|RHO|RHZW|Rhodesia|Rhodesian",
        1980,
        &["ZW"],
    ),
    former("Sikkim", "SKM|SKIN", 1975, &["IN"]),
    former(
        "the USSR",
        "SU|SUN|SUHH|Soviet Union|Soviet|Union of Soviet Socialist Republics",
        1992,
        &[
            "AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA",
            "UZ",
        ],
    ),
    former("Upper Volta", "HV|HVO|HVBF", 1984, &["BF"]),
    former(
        "the Democratic Republic of Viet-Nam",
        "VD|VDR|VDVN|North Vietnam",
        1977,
        &["VN"],
    ),
    former("Wake Island", "WK|WAK|WKUM", 1986, &["UM"]),
    former("Democratic Yemen", "YD|YMD|YDYE|South Yemen", 1990, &["YE"]),
    former(
        "Yugoslavia",
        "YU|YUG|YUCS|SFRY|Yugoslav|Yugoslavian",
        2003,
        &["BA", "HR", "ME", "MK", "RS", "SI", "XK"],
    ),
    former("Zaire", "ZR|ZAR|ZRCD|Zairean|Zairian", 1997, &["CD"]),
];
