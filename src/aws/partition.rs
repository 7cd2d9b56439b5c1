//! Partitions of AWS: `aws`, `aws-cn`, `aws-us-gov`, ...: where their global services are, how their regions and hosts are
//! named. Credentials of one are nothing to another.
//! <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>; the names are those of the
//! SDKs' `partitions.json`.

/// One partition.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// The second part of its ARNs.
    pub name: &'static str,
    /// Where its global services are signed and log their events.
    pub home_region: &'static str,
    /// What the names of its hosts end with.
    pub dns_suffix: &'static str,
    /// What the names of its regions begin with; empty: everything else.
    regions: &'static str,
}

/// The last one has all regions that no other one has.
const PARTITIONS: &[Partition] = &[
    partition("aws-cn", "cn-north-1", "amazonaws.com.cn", "cn-"),
    partition("aws-us-gov", "us-gov-west-1", "amazonaws.com", "us-gov-"),
    partition("aws-iso", "us-iso-east-1", "c2s.ic.gov", "us-iso-"),
    partition("aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov", "us-isob-"),
    partition("aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk", "eu-isoe-"),
    partition("aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov", "us-isof-"),
    partition("aws-eusc", "eusc-de-east-1", "amazonaws.eu", "eusc-"),
    AWS,
];

const AWS: Partition = partition("aws", "us-east-1", "amazonaws.com", "");

const fn partition(
    name: &'static str,
    home_region: &'static str,
    dns_suffix: &'static str,
    regions: &'static str,
) -> Partition {
    Partition { name, home_region, dns_suffix, regions }
}

impl Partition {
    /// The one with this name; one that is not known is taken for `aws`.
    pub fn named(name: &str) -> &'static Self {
        PARTITIONS.iter().find(|partition| partition.name == name).unwrap_or(&AWS)
    }

    /// The one that a region is of.
    pub fn of_region(region: &str) -> &'static Self {
        PARTITIONS.iter().find(|partition| region.starts_with(partition.regions)).unwrap_or(&AWS)
    }
}

/// May credentials of this partition (as STS names it) be used in the region? Nothing is known of a partition that is new.
pub(super) fn serves(partition: &str, region: &str) -> bool {
    Partition::named(partition).name != partition || Partition::of_region(region).name == partition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_at_home_in_its_own_regions() {
        for partition in PARTITIONS {
            assert_eq!(Partition::named(partition.name), partition);
            assert_eq!(Partition::of_region(partition.home_region), partition, "{}", partition.home_region);
            for other in PARTITIONS {
                assert_eq!(
                    serves(partition.name, other.home_region),
                    partition == other,
                    "{} {}",
                    partition.name,
                    other.name
                );
            }
        }
        assert_eq!(Partition::of_region("eu-central-1").name, "aws");
        assert_eq!(Partition::of_region("us-gov-east-1").dns_suffix, "amazonaws.com");
        assert!(serves("aws-new", "xx-new-1"));
    }
}
