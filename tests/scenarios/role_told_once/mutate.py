"""Three roles get an inline and an attached policy more. What a changed resource tells is no stranger besides."""
import json

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def mutate(hand):
    iam = hand.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    for role in ("told-once-blocks", "told-once-exclusive", "told-once-open"):
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)
        iam.attach_role_policy(RoleName=role, PolicyArn=ADMIN)
    hand.made("aws_iam_role_policy", "told-once-open:more")
    hand.made("aws_iam_role_policy_attachment", f"told-once-open/{ADMIN}")
