//! A fleet of any size: services with five SLOs each, and their specs.

use std::fmt::Write as _;

/// One SLO of the fleet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Member {
    /// From 0, of all SLOs.
    pub(crate) number: usize,
    pub(crate) service: String,
    pub(crate) slo: String,
}

/// Each SLO of a fleet of `slos`.
pub(crate) fn members(slos: usize) -> Vec<Member> {
    let member = |number| Member {
        number,
        service: format!("service-{}", number / SLOS_EACH + 1),
        slo: format!("promise-{}", number + 1),
    };
    (0..slos).map(member).collect()
}

/// The spec of each service of a fleet, with windows of so many days.
pub(crate) fn specs(slos: usize, days: u64) -> Vec<String> {
    members(slos)
        .chunks(SLOS_EACH)
        .map(|service| spec(service, days))
        .collect()
}

/// A spec of these SLOs as if all were of one service.
pub(crate) fn spec(members: &[Member], days: u64) -> String {
    let service = members.first().map_or("nobody", |member| member.service.as_str());
    let mut text = format!("version: 1\nservice: {service}\nslos:\n");
    for Member { number, slo, .. } in members {
        let _ = write!(
            text,
            "  - name: {slo}\n    promise: Anyone can do what {slo} says at any time.\n    owner: team\n    status: agreed\n    \
             sli: {{ http: {{ routes: [\"/route-{number}\"] }} }}\n    objective: {OBJECTIVE}\n    window: {days}d\n"
        );
    }
    text
}

/// How many SLOs a service has.
const SLOS_EACH: usize = 5;

/// The target of each SLO.
const OBJECTIVE: &str = "99%";

/// What [`OBJECTIVE`] leaves.
pub(crate) const BUDGET: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_members_have_the_same_name() {
        let mut names: Vec<_> = members(100)
            .into_iter()
            .map(|member| (member.service, member.slo))
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 100);
        assert_eq!(specs(100, 30).len(), 20);
    }

    #[test]
    fn every_member_is_in_its_services_spec() {
        let specs = specs(12, 7);
        assert_eq!(specs.len(), 3);
        assert!(specs[2].contains("service: service-3\n") && specs[2].matches("window: 7d").count() == 2);
    }
}
