"""Endpoints lose a subnet, a route table and their policy, a prefix list opens up, an interface is put into another group."""
import json


def mutate(hand):
    ec2 = hand.client("ec2")

    def id_of(address):
        return hand.attrs(address)["id"]

    ec2.modify_vpc_endpoint(VpcEndpointId=id_of("aws_vpc_endpoint.ssm"), RemoveSubnetIds=[id_of("aws_subnet.this[1]")],
                            AddSecurityGroupIds=[id_of("aws_security_group.this[1]")])
    ec2.modify_vpc_endpoint(VpcEndpointId=id_of("aws_vpc_endpoint.s3"), PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}))
    ec2.modify_vpc_endpoint(VpcEndpointId=id_of("aws_vpc_endpoint.s3"), RemoveRouteTableIds=[id_of("aws_route_table.this")])
    # moto forgets the name of a list that is modified without one.
    ec2.modify_managed_prefix_list(PrefixListId=id_of("aws_ec2_managed_prefix_list.this"), CurrentVersion=1, PrefixListName="endpoints-edited",
                                   AddEntries=[{"Cidr": "0.0.0.0/0", "Description": "all"}])
    interface = id_of("aws_network_interface.this")
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[id_of("aws_security_group.this[1]")])
    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Description={"Value": "by hand"})
