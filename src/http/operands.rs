//! Operators and operands of the filters of lists.

use super::query_values;
use crate::db::listing::{Field, Kind, Operand, Operator};
use crate::validation::{Code, Fault, Names, quote};
use crate::values::TagLabel;

/// Maximum number of values of one filter.
const MAX_VALUES: usize = 100;

/// The error of an operator that the field does not have.
pub(super) fn unsupported_operator(field: &Field, operator: &str) -> Fault {
    let operators = field.operators.iter().map(|it| it.as_str());
    let operators: Vec<_> = operators.collect();
    let message = format!(
        "{} cannot be compared with {}; its operators are {}.",
        field.name,
        quote(operator),
        operators.join(", ")
    );
    let operators: Names = operators.into_iter().collect();
    Fault::new(Code::Choice, message)
        .with_candidates(operator, operators.clone())
        .with_allowed(operators)
}

/// Parses the value of a filter.
pub(super) fn operand(field: &Field, operator: Operator, sent: &str) -> Result<Operand, Fault> {
    if sent.contains('\0') {
        let message =
            "This contains the character U+0000, which no stored value contains. Remove it.";
        return Err(Fault::new(Code::Character, message));
    }
    let list = || sent.split(',').map(str::trim);
    let takes_list =
        matches!(field.kind, Kind::Names(_)) || matches!(operator, Operator::In | Operator::NotIn);
    if takes_list && list().nth(MAX_VALUES).is_some() {
        let message = format!("At most {MAX_VALUES} values are allowed; more were sent.");
        return Err(Fault::new(Code::TooMany, message));
    }
    match (field.kind, operator) {
        (_, Operator::IsNull) => query_values::boolean(sent).map(Operand::Boolean),
        (Kind::Word(words), Operator::In | Operator::NotIn) => {
            let texts = list().map(|word| query_values::word(word, words));
            Ok(Operand::Texts(texts.collect::<Result<_, _>>()?))
        }
        (_, Operator::In | Operator::NotIn) => {
            Ok(Operand::Texts(list().map(str::to_owned).collect()))
        }
        (Kind::Names(_), _) => {
            let names = list().map(|it| TagLabel::fold(it).into());
            Ok(Operand::Texts(names.collect()))
        }
        (Kind::Text, Operator::Like | Operator::Ilike) => {
            query_values::pattern(sent).map(Operand::Text)
        }
        (Kind::Text | Kind::Key(_) | Kind::Object, _) => Ok(Operand::Text(sent.to_owned())),
        (Kind::Word(words), _) => query_values::word(sent, words).map(Operand::Text),
        (Kind::Uuid, _) => query_values::uuid(sent).map(Operand::Uuid),
        (Kind::Moment, _) => query_values::moment(sent).map(Operand::Moment),
        (Kind::Day, _) => query_values::day(sent).map(Operand::Day),
        (Kind::Country, _) => query_values::country(sent).map(Operand::Text),
        (Kind::Boolean, _) => query_values::boolean(sent).map(Operand::Boolean),
    }
}
