"""Everything is touched and nothing changes: rules revoked and put back, policies rewritten with the same meaning."""
import json


def mutate(hand):
    ec2, group = hand.client("ec2"), hand.attrs("aws_security_group.this")["id"]
    ranges = [{"CidrIp": "192.0.2.0/24"}, {"CidrIp": "10.0.0.0/8"}]
    for cidr in ranges:
        rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [cidr]}]
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    hand.client("iam").update_assume_role_policy(RoleName="neg-rewritten", PolicyDocument=json.dumps({"Statement": [
        {"Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}, "Action": "sts:AssumeRole", "Effect": "Allow"}],
        "Version": "2012-10-17"}, indent=2))
    hand.client("s3").put_bucket_policy(Bucket="scenario-neg-rewritten", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Sid": "Tls", "Principal": "*", "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": "arn:aws:s3:::scenario-neg-rewritten/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}))
