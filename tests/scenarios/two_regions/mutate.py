"""Abroad a VPC is renamed, a bucket loses its tag, and a group appears; at home all stays."""


def mutate(hand):
    ec2 = hand.client("ec2", "eu-central-1")
    vpc = hand.attrs("module.site.aws_vpc.this")["id"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "here"}])
    hand.client("s3", "eu-central-1").delete_bucket_tagging(Bucket="scenario-two-regions")
    hand.made("aws_security_group", ec2.create_security_group(GroupName="new", Description="by hand", VpcId=vpc)["GroupId"])
