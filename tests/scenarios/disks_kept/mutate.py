"""A disk is detached, an image deregistered: its snapshots stay, and are its own. A disk attached by hand is unmanaged."""


def mutate(hand):
    ec2, instance = hand.client("ec2"), hand.attrs("aws_instance.this")["id"]
    ec2.detach_volume(VolumeId=hand.attrs("aws_ebs_volume.this")["id"], InstanceId=instance)
    ec2.deregister_image(ImageId=hand.attrs("aws_ami_from_instance.this")["id"])
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=5)["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdh")
    hand.made("aws_ebs_volume", volume)
