//! Percentages, and numbers as JSON.

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use validator::ValidateRange;

use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, Number, quote};

/// A percentage from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Percentage(f64);

impl Percentage {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        shape::number(0.0, 100.0).example(25.5)
    }

    /// Checks that a number is from 0 to 100.
    ///
    /// # Errors
    /// Returns `range` if it is not.
    pub fn parse(sent: Number) -> Result<Self, Fault> {
        if sent.0.validate_range(Some(0.0), Some(100.0), None, None) {
            return Ok(Self(sent.0));
        }
        Err(Fault::new(
            Code::Range,
            format!(
                "A percentage is a number from 0 to 100; {} was found.",
                quote(&sent.0.to_string())
            ),
        ))
    }
}

impl Serialize for Percentage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(self.0).serialize(serializer)
    }
}

/// A number as JSON. A whole number has no fraction: `25`, not `25.0`, as it was most likely sent.
#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
pub fn number(value: f64) -> serde_json::Value {
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_991.0 {
        serde_json::Value::from(value as i64)
    } else {
        serde_json::Value::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_from_0_to_100_and_whole_numbers_stay_whole() {
        for (sent, written) in [(0.0, "0"), (-0.0, "0"), (33.3, "33.3"), (100.0, "100")] {
            let percentage = Percentage::parse(Number(sent)).unwrap();
            assert_eq!(serde_json::to_string(&percentage).unwrap(), written);
        }
        for sent in [-0.1, 100.000_001, f64::MAX] {
            assert_eq!(
                Percentage::parse(Number(sent)).unwrap_err().code,
                Code::Range,
                "{sent}"
            );
        }
    }
}
