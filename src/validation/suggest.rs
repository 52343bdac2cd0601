//! The nearest known name to what was sent.

/// The candidate that is clearly nearest to `sent`: at most a third of its letters differ, and no
/// other candidate is as near. Case does not count.
pub fn nearest<'a>(sent: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Distance is quadratic in length, so that a long key would make its refusal expensive.
    if sent.len() > 100 {
        return None;
    }
    let sent = sent.to_lowercase();
    let length = sent.chars().count();
    let tolerance = (length / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    let mut tied = false;
    for candidate in candidates {
        // The difference in length is the least that the distance can be.
        if candidate.chars().count().abs_diff(length) > tolerance {
            continue;
        }
        let distance = strsim::osa_distance(&sent, &candidate.to_lowercase());
        match best {
            Some((nearest, _)) if distance > nearest => {}
            Some((nearest, name)) if distance == nearest => tied |= name != candidate,
            _ => (best, tied) = (Some((distance, candidate)), false),
        }
    }
    best.filter(|(distance, _)| !tied && *distance <= tolerance)
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_the_one_that_is_clearly_nearest() {
        assert_eq!(
            nearest("extrenal_id", ["external_id", "name"]).as_deref(),
            Some("external_id")
        );
        assert_eq!(
            nearest("VIP ", ["vip", "High risk"]).as_deref(),
            Some("vip")
        );
        assert_eq!(nearest("colour", ["external_id", "name"]), None);
        assert_eq!(nearest("b", ["a", "c"]), None, "two are as near");
    }
}
