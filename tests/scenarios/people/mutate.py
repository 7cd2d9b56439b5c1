"""A new default version of a policy, a new admin, changed tags; an access key and a user that nobody declared."""
import json


def mutate(hand):
    iam = hand.client("iam")
    iam.create_policy_version(PolicyArn=hand.attrs("aws_iam_policy.deny")["arn"], SetAsDefault=True, PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Sid": "NoLeaving", "Effect": "Deny", "Action": "organizations:Describe*", "Resource": "*"}]}))
    iam.add_user_to_group(GroupName="people-admins", UserName="people-grace")
    iam.tag_user(UserName="people-grace", Tags=[{"Key": "team", "Value": "none"}])
    hand.made("aws_iam_access_key", iam.create_access_key(UserName="people-ada")["AccessKey"]["AccessKeyId"])
    iam.create_user(UserName="people-mallory")
    hand.made("aws_iam_user", "people-mallory")
