"""SSH is opened to the world beside the office rule of a group with inline rules; all egress goes."""


def mutate(hand):
    ec2, group = hand.client("ec2"), hand.attrs("aws_security_group.bastion")["id"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "just for now"}]}])
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
