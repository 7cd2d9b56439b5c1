"""An instance is terminated, a volume, a key pair and an address are deleted; their neighbours stay."""


def mutate(hand):
    ec2 = hand.client("ec2")
    ec2.terminate_instances(InstanceIds=[hand.attrs('aws_instance.this["lost"]')["id"]])
    ec2.delete_volume(VolumeId=hand.attrs("aws_ebs_volume.lost")["id"])
    ec2.delete_key_pair(KeyName="compute-gone")
    ec2.release_address(AllocationId=hand.attrs("aws_eip.lost")["id"])
