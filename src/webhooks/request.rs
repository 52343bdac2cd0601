//! The request body of a webhook.

use reqwest::Url;

use super::secret;
use crate::destinations::Destinations;
use crate::events::EVENTS;
use crate::schema::Changed;
use crate::schema::shape::{self, Shape};
use crate::validation::{
    Code, Fault, Field, Items, Mode, NamedField, Names, Scope, Text, list, quote,
};
use crate::values::{absolute_url, choice, not_blank};
use crate::wire_object;

/// The maximum number of events in a request.
const MAX_EVENTS: usize = 100;

wire_object! {
    /// An endpoint that receives events.
    WebhookRequest {
        /// The display name.
        "name" => name: Text<'de> = shape::text(1, 255).example("Core banking").matching(r"\S"),
        /// Whether events are sent to it. Default: `online`.
        "status" => status: Text<'de> = shape::words(["online", "offline"]).strict(),
        /// Who maintains it. The server does not use it. Default: `user`.
        "type" => kind: Text<'de> = shape::words(["user", "system"]).strict(),
        /// The absolute https URL, without credentials. The operator can also permit http for chosen hosts.
        "url" => url: Text<'de> =
            shape::format_up_to("uri", 2_000).required().example("https://bank.example/hooks"),
        /// The events to send: at least one.
        "events" => events: Items<Text<'de>, MAX_EVENTS> =
            shape::by_mode(events_shape),
        /// The key that signs the deliveries: `whsec_` and 24 to 64 bytes in base64, or any string of
        /// 16 to 255 characters. For a new webhook without it, the server generates one in the first form.
        "secret" => secret: Text<'de> = secret::shape().example("a secret of at least sixteen characters"),
    }
}

/// The request body of an update, for the reference.
pub type WebhookUpdateRequest = Changed<WebhookRequest<'static>>;

/// The schema of `events`: required in a create, optional in an update.
fn events_shape(mode: Mode) -> Shape {
    let event = shape::words(EVENTS.iter().copied()).example("Case.Created");
    match mode {
        Mode::Update => shape::list(event, MAX_EVENTS).at_least(1),
        Mode::Create | Mode::Part => shape::list(event, MAX_EVENTS).at_least(1).required(),
    }
}

/// A parsed webhook request. In a create, `url` and `events` are present if there are no violations.
#[derive(Debug, Clone)]
pub struct WebhookDraft {
    pub name: Option<String>,
    pub status: Option<&'static str>,
    pub kind: Option<&'static str>,
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub secret: Option<String>,
}

impl WebhookRequest<'_> {
    /// Parses the webhook. Adds a violation for each invalid field.
    pub fn parse(
        mut self,
        mode: Mode,
        destinations: &Destinations,
        scope: &mut Scope<'_>,
    ) -> WebhookDraft {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let words = |words: [&'static str; 2]| words.map(|word| (word, word));
        WebhookDraft {
            name: scope.optional(self.name(), not_blank(255)),
            status: scope.strict(self.status(), |it| {
                choice(it, &words(["online", "offline"]))
            }),
            kind: scope.strict(self.kind(), |it| choice(it, &words(["user", "system"]))),
            url: scope.required_in(mode, self.url(), |it| endpoint_url(it, destinations)),
            events: events(scope, mode, self.events()),
            secret: scope.optional(self.secret(), secret::parse),
        }
    }
}

/// Parses the URL of an endpoint.
///
/// # Errors
/// Returns `length`, `character` or `format` for an invalid URL, and `forbidden_destination` for one that the server
/// never calls.
fn endpoint_url(sent: &str, destinations: &Destinations) -> Result<String, Fault> {
    let forbidden = |message: &str| Fault::new(Code::ForbiddenDestination, message);
    let url: &str = absolute_url(sent)?;
    let parsed = Url::parse(url).map_err(|_| forbidden("This URL cannot be parsed."))?;
    let checked = destinations.check(&parsed);
    checked.map_err(|reason| forbidden(&format!("Deliveries cannot be sent here: {reason}.")))?;
    Ok(url.to_owned())
}

fn events(
    scope: &mut Scope<'_>,
    mode: Mode,
    field: NamedField<Items<Text<'_>, MAX_EVENTS>>,
) -> Option<Vec<String>> {
    if matches!(field.value, Field::Missing | Field::Null) {
        if mode == Mode::Create {
            let message = "events is required: the list of events to send.";
            scope
                .key("events")
                .refuse(Fault::new(Code::Required, message));
        }
        return None;
    }
    let is_list = matches!(field.value, Field::Value(_));
    let sent = list(scope, field, |text: Text<'_>, scope| {
        scope.parsed(&text, event)
    });
    if is_list && sent.is_empty() {
        let message = "events must contain at least one event; an empty list was found. To pause deliveries, set \
                       status to offline.";
        scope
            .key("events")
            .refuse(Fault::new(Code::Required, message));
        return None;
    }
    let mut events: Vec<String> = Vec::new();
    for event in sent {
        if let Some(event) = event.filter(|it| !events.contains(it)) {
            events.push(event);
        }
    }
    Some(events)
}

fn event(sent: &str) -> Result<String, Fault> {
    if EVENTS.contains(&sent) {
        return Ok(sent.to_owned());
    }
    let message = format!("{} is not an event.", quote(sent));
    let events: Names = EVENTS.iter().copied().collect();
    let fault = Fault::new(Code::Choice, message).with_candidates(sent, events.clone());
    Err(fault.with_allowed(events))
}
