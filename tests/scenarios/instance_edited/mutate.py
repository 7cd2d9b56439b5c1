"""One instance of two is resized and loses its termination protection; the volume grows; the address is renamed."""


def mutate(hand):
    ec2 = hand.client("ec2")
    instance = hand.attrs("aws_instance.worker[1]")["id"]
    ec2.stop_instances(InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.large"})
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    ec2.start_instances(InstanceIds=[instance])
    ec2.modify_volume(VolumeId=hand.attrs("aws_ebs_volume.data")["id"], Size=50)
    ec2.create_tags(Resources=[hand.attrs("aws_eip.this")["id"]], Tags=[{"Key": "Name", "Value": "exit"}])
