"""A role of two, a user, a policy and an instance profile are deleted."""


def mutate(hand):
    iam = hand.client("iam")
    iam.delete_role(RoleName="iam-gone-lost")
    iam.delete_user(UserName="iam-gone")
    iam.delete_policy(PolicyArn=hand.attrs("aws_iam_policy.lost")["arn"])
    iam.delete_instance_profile(InstanceProfileName="iam-gone")
