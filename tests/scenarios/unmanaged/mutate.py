"""Made in the console beside what Terraform made: a group, a subnet, a volume, an instance, a bucket, a role."""
import json


def mutate(hand):
    ec2, vpc = hand.client("ec2"), hand.attrs("aws_vpc.this")["id"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.9.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="strange", Description="by hand", VpcId=vpc)["GroupId"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=5)["VolumeId"]
    instance = ec2.run_instances(ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet,
                                 SecurityGroupIds=[group])["Instances"][0]["InstanceId"]
    hand.client("s3").create_bucket(Bucket="scenario-unmanaged")
    hand.client("iam").create_role(RoleName="unmanaged", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}))
    for kind, id_ in (("aws_subnet", subnet), ("aws_security_group", group), ("aws_ebs_volume", volume), ("aws_instance", instance),
                      ("aws_s3_bucket", "scenario-unmanaged"), ("aws_iam_role", "unmanaged")):
        hand.made(kind, id_)
