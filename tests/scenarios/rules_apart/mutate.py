"""Of the rules that stand apart, one of each kind is revoked; an unmanaged one comes in beside them."""


def mutate(hand):
    ec2 = hand.client("ec2")
    rule = hand.attrs('aws_vpc_security_group_ingress_rule.https["192.0.2.0/24"]')
    ec2.revoke_security_group_ingress(GroupId=rule["security_group_id"], IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}])
    old = hand.attrs("aws_security_group.old")["id"]
    ec2.revoke_security_group_ingress(GroupId=old, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
    ec2.authorize_security_group_ingress(GroupId=old, IpPermissions=[
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
