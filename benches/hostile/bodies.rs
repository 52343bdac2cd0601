//! The most expensive requests of each kind, at the size limits.

use reqwest::Method;
use serde_json::{Value, json};

/// An expensive request.
#[derive(Debug, Clone)]
pub struct Hostile {
    pub method: Method,
    pub path: String,
    pub body: String,
}

impl Hostile {
    pub fn new(method: Method, path: impl Into<String>, body: String) -> Self {
        let path = path.into();
        Self { method, path, body }
    }

    fn case(body: String) -> Self {
        Self::new(Method::POST, "/cases", body)
    }
}

/// A kind of request: its name, and a function of its size in bytes.
pub type Kind = (&'static str, fn(usize) -> Hostile);

/// All kinds.
pub const KINDS: &[Kind] = &[
    ("unknown refs of 100 random letters", |size| {
        graph(size, random, random)
    }),
    ("unknown refs, nearly equal", |size| {
        graph(size, similar, similar)
    }),
    ("refs, all the same", |size| {
        graph(size, |_| "r".repeat(100), similar)
    }),
    ("refs of individuals", refs_of_individuals),
    ("relations, twice each", twice_related),
    ("relations, all valid", related),
    ("options, unknown and nearly equal", |size| {
        options(size, |it| format!("{}x", option(it)))
    }),
    ("options, known and repeated", |size| {
        options(size, |it| option(it % 500))
    }),
    ("countries of a property", countries),
    ("custom properties, unknown and similar", |size| {
        properties(size, |it| format!("{}x", property(it)))
    }),
    ("custom properties, known", |size| {
        properties(size, property)
    }),
    ("tags, unknown and similar", tags),
    ("unknown fields, similar", |size| {
        companies(size, |it| format!("\"registration_nummer{it}\":1"))
    }),
    ("a field, repeated", |size| {
        companies(size, |_| "\"name\":\"A\"".to_owned())
    }),
    ("invalid enum values", |size| {
        companies(size, |_| "\"status\":\"closd\"".to_owned())
    }),
    ("roles, misspelt", |size| {
        individuals(
            size,
            "\"roles\":[\"sharehodler\",\"legal_representativ\",\"applicnt\"]",
        )
    }),
    ("nationalities, misspelt", |size| {
        individuals(size, "\"nationalities\":[\"Grmany\",\"UK\"]")
    }),
    ("telephone numbers", |size| {
        individuals(size, "\"phone_number\":\"+49 (0)151 2345 67890123\"")
    }),
    ("e-mail addresses", |size| {
        individuals(
            size,
            "\"email\":\"a.b.c.d.e.f@a.b.c.d.e.f.g.h.i.example.c_m\"",
        )
    }),
    ("IBANs", |size| {
        individuals(
            size,
            "\"banking_information\":{\"iban\":\"DE00370400440532013000\"}",
        )
    }),
    ("dates", |size| {
        individuals(
            size,
            "\"birth_date\":\"2023-02-29\",\"birth_country\":\"Frankreich\"",
        )
    }),
    ("fields required by a template", required),
    ("a long key with a thousand errors", long_key),
    ("many keys", |size| {
        filled(size, "{\"name\":\"A\"", |it| format!(",\"k{it}\":1"), "}")
    }),
    ("metadata", |size| {
        filled(
            size,
            "{\"name\":\"A\",\"metadata\":{\"a\":\"b\"",
            |it| format!(",\"k{it}\":1"),
            "}}",
        )
    }),
    ("items that are not objects", |size| {
        filled(
            size,
            "{\"name\":\"A\",\"companies\":[0",
            |_| ",0".to_owned(),
            "]}",
        )
    }),
    ("empty companies", |size| {
        filled(
            size,
            "{\"name\":\"A\",\"companies\":[{}",
            |_| ",{}".to_owned(),
            "]}",
        )
    }),
    ("escapes", |size| {
        filled(size, "{\"name\":\"", |_| "\\u0041".to_owned(), "\"}")
    }),
    ("control characters", |size| {
        filled(size, "{\"name\":\"", |_| "\\u0000".to_owned(), "\"}")
    }),
    ("numbers", |size| {
        filled(size, "{\"name\":[1", |_| ",1e400".to_owned(), "]}")
    }),
    ("digits", |size| {
        filled(size, "{\"name\":0.", |_| "1".to_owned(), "}")
    }),
    ("maximum nesting", nested),
    ("a batch of invalid cases", batch),
    ("a batch of valid cases", |size| {
        batch_of(size, |it| {
            format!(
                "{{\"name\":\"Case {it}\",\"metadata\":{{\"k\":\"{}\"}}}}",
                "v".repeat(4_900)
            )
        })
    }),
    ("a single company", |size| {
        let body = filled(
            size,
            "{\"name\":\"A\",\"custom_properties\":{\"a\":1",
            |it| format!(",\"{}x\":1", property(it)),
            "}}",
        );
        Hostile::new(Method::POST, "/companies", body.body)
    }),
    ("options of a new property", |size| {
        let before = "{\"key\":\"k\",\"label\":\"L\",\"type\":\"choices\",\"options\":[{\"key\":\"k\",\"label\":\"L\"}";
        let body = filled(
            size,
            before,
            |it| format!(",{{\"key\":\"{}\",\"lable\":\"L\"}}", option(it % 900)),
            "]}",
        );
        Hostile::new(Method::POST, "/custom-properties/case", body.body)
    }),
    ("a template", |size| {
        let body = filled(
            size,
            "{\"key\":\"t\",\"name\":\"T\",\"required\":[\"x\"",
            |it| format!(",\"companies[].registration_nummer{it}\""),
            "]}",
        );
        Hostile::new(Method::POST, "/templates", body.body)
    }),
    ("parameters of a list", |size| {
        query(size, |it| format!("externl_id{it}=a&"))
    }),
    ("keys to sort by", |size| {
        query(size, |it| {
            format!("{}nmae{it},", if it == 0 { "sort=" } else { "" })
        })
    }),
];

/// Returns `before`, as many parts as fit, and `after`.
fn filled(size: usize, before: &str, part: impl Fn(usize) -> String, after: &str) -> Hostile {
    let mut body = before.to_owned();
    for number in 0.. {
        let part = part(number);
        if body.len() + part.len() + after.len() > size {
            break;
        }
        body.push_str(&part);
    }
    Hostile::case(body + after)
}

/// A string of 100 characters without similarity to that of another number.
fn random(number: usize) -> String {
    let mut state = number as u64 + 1;
    let letter = |_| {
        // Knuth's MMIX generator.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    };
    (0..100).map(letter).collect()
}

/// A string of 100 characters that differs little from that of another number.
fn similar(number: usize) -> String {
    format!("{}{number:06}", "n".repeat(94))
}

/// An option of the property `many`.
pub fn option(number: usize) -> String {
    format!("option_of_some_length_{number:04}")
}

/// The key of a property.
pub fn property(number: usize) -> String {
    format!("property_of_some_length_{number:04}")
}

/// The label of a tag.
pub fn tag(number: usize) -> String {
    format!("Tag of some length {number:04}")
}

/// Companies with refs, and individuals with relations to unknown refs.
fn graph(size: usize, known: fn(usize) -> String, unknown: fn(usize) -> String) -> Hostile {
    let companies = 1_000.min(size / 2 / 180);
    let company = |number: usize| {
        let kind = if number == 0 { "main" } else { "affiliated" };
        json!({"name": "A", "type": kind, "ref": known(number)})
    };
    let companies = (0..companies).map(company).collect::<Vec<_>>();
    let relations = 0..(size / 2) / 150;
    let relations = relations.map(|it| json!({"source_company_ref": unknown(it + 100_000)}));
    let relations: Vec<_> = relations.collect();
    let individuals = relations.chunks(1_000.min(relations.len() / 900 + 1));
    let individuals = individuals
        .map(|it| json!({"first_name": "A", "last_name": "B", "relations": it}))
        .collect::<Vec<_>>();
    let body = json!({"name": "A", "companies": companies, "individuals": individuals});
    Hostile::case(body.to_string())
}

fn refs_of_individuals(size: usize) -> Hostile {
    let companies = (0..1_000).map(|number| {
        let relations =
            (0..(size / 2_200 / 31).min(20)).map(|_| json!({"source_company_ref": "i"}));
        let kind = if number == 0 { "main" } else { "affiliated" };
        json!({"name": "A", "type": kind, "ref": number.to_string(),
            "relations": relations.collect::<Vec<_>>()})
    });
    let body = json!({"name": "A", "companies": companies.collect::<Vec<_>>(),
        "individuals": [{"first_name": "A", "last_name": "B", "ref": "i"}]});
    Hostile::case(body.to_string())
}

/// Individuals with relations to companies, each relation `times` times.
fn holders(size: usize, times: usize) -> Hostile {
    let holders = 900;
    let each = ((size - 60_000) / holders / 30 / times).min(22 / times);
    let companies = (0..950).map(|number| {
        let kind = if number == 0 { "main" } else { "affiliated" };
        json!({"name": "A", "type": kind, "ref": format!("{number:03}")})
    });
    let individuals = (0..holders).map(|_| {
        let relation = |it: usize| json!({"source_company_ref": format!("{:03}", it / times)});
        let relations = (0..each * times).map(relation).collect::<Vec<Value>>();
        json!({"first_name": "A", "last_name": "B", "relations": relations, "position": "C"})
    });
    let body = json!({"name": "A", "companies": companies.collect::<Vec<_>>(),
        "individuals": individuals.collect::<Vec<_>>()});
    Hostile::case(body.to_string())
}

fn twice_related(size: usize) -> Hostile {
    holders(size, 2)
}

fn related(size: usize) -> Hostile {
    holders(size, 1)
}

/// Affiliated companies with 40 more fields each.
fn companies(size: usize, field: impl Fn(usize) -> String) -> Hostile {
    let part = |number: usize| {
        let fields = (0..40)
            .map(|it| field(40 * number + it))
            .collect::<Vec<_>>();
        format!(
            ",{{\"name\":\"A\",\"type\":\"affiliated\",{}}}",
            fields.join(",")
        )
    };
    filled(
        size,
        "{\"name\":\"A\",\"companies\":[{\"name\":\"A\"}",
        part,
        "]}",
    )
}

fn individuals(size: usize, field: &str) -> Hostile {
    let part = |_| format!(",{{\"first_name\":\"A\",\"last_name\":\"B\",{field}}}");
    filled(
        size,
        "{\"name\":\"A\",\"individuals\":[{\"first_name\":\"A\",\"last_name\":\"B\"}",
        part,
        "]}",
    )
}

/// Companies whose property has 1,000 options each.
fn options(size: usize, option: impl Fn(usize) -> String) -> Hostile {
    let items = (0..1_000)
        .map(|it| format!("\"{}\"", option(it)))
        .collect::<Vec<_>>();
    let list = items.join(",");
    let part = |_| {
        format!(
            ",{{\"name\":\"A\",\"type\":\"affiliated\",\"custom_properties\":{{\"many\":[{list}]}}}}"
        )
    };
    filled(
        size,
        "{\"name\":\"A\",\"companies\":[{\"name\":\"A\"}",
        part,
        "]}",
    )
}

fn countries(size: usize) -> Hostile {
    let list = vec!["\"Frnace\""; 1_000].join(",");
    let part = |_| {
        format!(
            ",{{\"name\":\"A\",\"type\":\"affiliated\",\"custom_properties\":{{\"markets\":[{list}]}}}}"
        )
    };
    filled(
        size,
        "{\"name\":\"A\",\"companies\":[{\"name\":\"A\"}",
        part,
        "]}",
    )
}

fn properties(size: usize, key: impl Fn(usize) -> String) -> Hostile {
    let properties = (0..250)
        .map(|it| format!("\"{}\":\"v\"", key(it)))
        .collect::<Vec<_>>();
    let properties = properties.join(",");
    let part = |_| {
        format!(
            ",{{\"name\":\"A\",\"type\":\"affiliated\",\"custom_properties\":{{{properties}}}}}"
        )
    };
    filled(
        size,
        "{\"name\":\"A\",\"companies\":[{\"name\":\"A\"}",
        part,
        "]}",
    )
}

fn tags(size: usize) -> Hostile {
    let tags = (0..100)
        .map(|it| format!("\"{}x\"", tag(it)))
        .collect::<Vec<_>>();
    let before = format!(
        "{{\"name\":\"A\",\"tags\":[{}],\"companies\":[{{}}",
        tags.join(",")
    );
    filled(
        size,
        &before,
        |_| ",{\"type\":\"affiliated\"}".to_owned(),
        "]}",
    )
}

/// Companies without the fields that their template requires, and with other errors.
fn required(size: usize) -> Hostile {
    let street = "s".repeat(size / 1_000 - 100);
    let part = |_| {
        format!(
            ",{{\"name\":\"A\",\"type\":\"affiliated\",\"nmae\":1,\"address\":{{\"street_address\":\"{street}\"}}}}"
        )
    };
    filled(
        size,
        "{\"name\":\"A\",\"template_key\":\"strict\",\"companies\":[{\"name\":\"A\"}",
        part,
        "]}",
    )
}

fn long_key(size: usize) -> Hostile {
    let items = vec!["1"; 1_000].join(",");
    let key = "k".repeat(size - 2_100);
    Hostile::case(format!(
        "{{\"name\":\"A\",\"custom_properties\":{{\"{key}\":[{items}]}}}}"
    ))
}

/// Nested arrays in unknown fields, up to the depth limit of the parser.
fn nested(size: usize) -> Hostile {
    let part = |number: usize| format!(",\"k{number}\":{}{}", "[".repeat(120), "]".repeat(120));
    filled(size, "{\"name\":\"A\"", part, "}")
}

fn batch_of(size: usize, item: impl Fn(usize) -> String) -> Hostile {
    let mut items = Vec::new();
    let mut length = 20;
    for number in 0..100 {
        let item = item(number);
        length += item.len() + 1;
        if length > size {
            break;
        }
        items.push(item);
    }
    let body = format!("{{\"cases\":[{}]}}", items.join(","));
    Hostile::new(Method::POST, "/cases/batch", body)
}

/// A batch of 100 cases with hundreds of errors each.
fn batch(size: usize) -> Hostile {
    let each = size / 100 - 100;
    batch_of(size, |_| {
        filled(
            each,
            "{\"name\":\"A\"",
            |it| format!(",\"externl_i{it}\":1"),
            "}",
        )
        .body
    })
}

/// A list request with the longest query that a URL can have.
fn query(size: usize, part: impl Fn(usize) -> String) -> Hostile {
    let max_length = if size > 1_500_000 { 60_000 } else { 30_000 };
    let query = filled(max_length, "", part, "").body;
    Hostile::new(Method::GET, format!("/cases?{query}"), String::new())
}
