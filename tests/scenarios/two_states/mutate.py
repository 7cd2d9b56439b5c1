"""Two states share a group and a role; what one of them added is edited by hand."""
import json


def mutate(hand):
    rule = hand.attrs("aws_vpc_security_group_ingress_rule.app")
    hand.client("ec2").modify_security_group_rules(GroupId=rule["security_group_id"], SecurityGroupRules=[{
        "SecurityGroupRuleId": rule["security_group_rule_id"],
        "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "CidrIpv4": "0.0.0.0/0"}}])
    hand.client("iam").put_role_policy(RoleName="two-states-shared", PolicyName="app", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
