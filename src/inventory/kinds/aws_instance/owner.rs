//! Who started an instance, by tags that only AWS can set (`aws:`). Knows nothing of tags that people may write.

use aws_sdk_ec2::types::{Instance, Tag};

use crate::model::Owner;

/// Tag and the kind that its value names:
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-fleet-tags.html>
const OWNERS: &[(&str, &str)] = &[
    ("aws:autoscaling:groupName", "aws_autoscaling_group"),
    ("aws:ec2:fleet-id", "aws_ec2_fleet"),
    ("aws:ec2spot:fleet-request-id", "aws_spot_fleet_request"),
    ("aws:elasticmapreduce:job-flow-id", "aws_emr_cluster"),
    ("aws:cloud9:environment", "aws_cloud9_environment_ec2"),
];

/// A member of a group or a fleet, an AWS service's own, or somebody's.
pub(super) fn of(instance: &Instance) -> Owner {
    let owner = OWNERS.iter().find_map(|(key, kind)| Some((*kind, tag(instance.tags(), key)?)));
    match owner {
        Some((kind, id)) => Owner::Maker { kind, id: id.to_owned() },
        None if instance.operator().and_then(|operator| operator.managed()) == Some(true) => {
            Owner::Aws("instance managed by an AWS service")
        }
        None => Owner::None,
    }
}

/// The value of a tag.
pub(super) fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key() == Some(key))?.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_of_aws_tell_an_owner() {
        let tagged = |key: &str| of(&Instance::builder().tags(Tag::builder().key(key).value("web").build()).build());
        let group = Owner::Maker { kind: "aws_autoscaling_group", id: "web".to_owned() };
        assert_eq!(tagged("aws:autoscaling:groupName"), group);
        assert_eq!(tagged("eks:nodegroup-name"), Owner::None);
    }
}
