"""Of several sources one is revoked, of several descriptions one is another; a rule is widened in place, one is revoked and made
again (to AWS another one), one is retagged."""


def mutate(hand):
    ec2 = hand.client("ec2")

    def group(name):
        return hand.attrs(f"aws_security_group.{name}")["id"]

    def web(low, high, *cidrs, description):
        return [{"IpProtocol": "tcp", "FromPort": low, "ToPort": high, "IpRanges": [{"CidrIp": c, "Description": description} for c in cidrs]}]

    ec2.revoke_security_group_ingress(GroupId=group("inline"), IpPermissions=web(443, 443, "10.2.0.0/16", description="web"))
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group("inline"),
                                                        IpPermissions=web(443, 443, "10.1.0.0/16", description="intranet"))
    ec2.revoke_security_group_ingress(GroupId=group("old"), IpPermissions=web(80, 81, "10.2.0.0/16", description="several"))
    rules = {name: hand.attrs(f'aws_vpc_security_group_ingress_rule.this["{name}"]')["id"] for name in ("widened", "again", "tagged")}
    ec2.modify_security_group_rules(GroupId=group("new"), SecurityGroupRules=[{"SecurityGroupRuleId": rules["widened"], "SecurityGroupRule": {
        "IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "CidrIpv4": "0.0.0.0/0", "Description": "widened"}}])
    ec2.revoke_security_group_ingress(GroupId=group("new"), SecurityGroupRuleIds=[rules["again"]])
    ec2.authorize_security_group_ingress(GroupId=group("new"), IpPermissions=web(443, 443, "10.2.0.0/16", description="again"))
    ec2.create_tags(Resources=[rules["tagged"]], Tags=[{"Key": "Name", "Value": "another"}])
