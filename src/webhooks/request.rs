//! Webhooks as they may arrive.

use super::{address, secret};
use crate::events::EVENTS;
use crate::schema::Changed;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, Field, Items, Member, Mode, Names, Scope, Text, list, quote};
use crate::values::{Destinations, choice, not_blank};
use crate::wire_object;

/// The most events of one webhook in a request.
const LISTED: usize = 100;

wire_object! {
    /// An endpoint that is told of events.
    WebhookRequest {
        /// What people call it.
        "name" => name: Text<'de> = shape::text(1, 255).example("Core banking").matching(r"\S"),
        /// Whether it is told; `online` at first.
        "status" => status: Text<'de> = shape::words(["online", "offline"]).strict(),
        /// Who looks after it; says nothing to the server.
        "type" => kind: Text<'de> = shape::words(["user", "system"]).strict(),
        /// Absolute https address, without credentials; http too where the server allows it.
        "url" => url: Text<'de> =
            shape::format_up_to("uri", 2_000).required().example("https://bank.example/hooks"),
        /// The events to be told of: at least one.
        "events" => events: Items<Text<'de>, LISTED> =
            shape::by_mode(events_shape),
        /// What signs the deliveries: `whsec_` and 24 to 64 bytes in base64, or any text of 16 to 255 characters. Made
        /// where it is absent, in the first form.
        "secret" => secret: Text<'de> = secret::shape().example("a secret of at least sixteen characters"),
    }
}

/// The same as a change, for the reference.
pub type WebhookUpdateRequest = Changed<WebhookRequest<'static>>;

/// What a member that holds events may be: a change that names none keeps them.
fn events_shape(mode: Mode) -> Shape {
    let event = shape::words(EVENTS.iter().copied()).example("Case.Created");
    match mode {
        Mode::Update => shape::list(event, LISTED).at_least(1),
        Mode::Create | Mode::Part => shape::list(event, LISTED).at_least(1).required(),
    }
}

/// What a request says of a webhook. For a new one, the URL and the events are there.
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
    /// The webhook, its faults refused at their places.
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
            url: scope.required_in(mode, self.url(), |it| address::endpoint(it, destinations)),
            events: events(scope, mode, self.events()),
            secret: scope.optional(self.secret(), secret::parse),
        }
    }
}

fn events(
    scope: &mut Scope<'_>,
    mode: Mode,
    member: Member<Items<Text<'_>, LISTED>>,
) -> Option<Vec<String>> {
    if matches!(member.value, Field::Missing | Field::Null) {
        if mode == Mode::Create {
            let message = "events is required: a list of the events to be told of.";
            scope
                .key("events")
                .refuse(Fault::new(Code::Required, message));
        }
        return None;
    }
    let is_list = matches!(member.value, Field::Value(_));
    let sent = list(scope, member, |text: Text<'_>, scope| {
        scope.parsed(&text, event)
    });
    if is_list && sent.is_empty() {
        let message = "events must name at least one event; an empty list was found. To be told of none for a \
                       while, set status to offline.";
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
    let message = format!("There is no event {}.", quote(sent));
    let events: Names = EVENTS.iter().copied().collect();
    let fault = Fault::new(Code::Choice, message).suggesting(sent, events.clone());
    Err(fault.allowing(events))
}
