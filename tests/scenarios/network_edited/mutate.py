"""DNS host names off, public addresses on in one subnet of two, a wide entry in the ACL, a tag changed and one removed."""


def mutate(hand):
    ec2 = hand.client("ec2")
    vpc = hand.attrs("aws_vpc.this")["id"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "renamed"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "owner"}])
    ec2.modify_subnet_attribute(SubnetId=hand.attrs('aws_subnet.zone["green"]')["id"], MapPublicIpOnLaunch={"Value": True})
    ec2.create_network_acl_entry(NetworkAclId=hand.attrs("aws_network_acl.this")["id"], RuleNumber=50, Protocol="6",
                                 RuleAction="allow", Egress=False, CidrBlock="0.0.0.0/0", PortRange={"From": 22, "To": 22})
