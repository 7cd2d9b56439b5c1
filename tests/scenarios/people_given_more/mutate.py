"""A console password and memberships by hand: where a resource lists all members it has changed, elsewhere it is unmanaged. The
account gets another name. That a user whom nobody declares is in a declared group is told beside the user."""


def mutate(hand):
    iam = hand.client("iam")
    iam.create_login_profile(UserName="given-more-grace", Password="correct-Horse-7-battery")
    hand.made("aws_iam_user_login_profile", "given-more-grace")
    for user in ("given-more-ada", "given-more-grace"):
        iam.add_user_to_group(GroupName="given-more-admins", UserName=user)
        hand.made("aws_iam_user_group_membership", f"{user}/given-more-admins")
    iam.add_user_to_group(GroupName="given-more-listed", UserName="given-more-grace")
    iam.create_account_alias(AccountAlias="given-another")
    iam.create_user(UserName="given-more-eve")
    iam.create_login_profile(UserName="given-more-eve", Password="correct-Horse-7-battery")
    iam.add_user_to_group(GroupName="given-more-admins", UserName="given-more-eve")
    hand.made("aws_iam_user", "given-more-eve")
    hand.made("aws_iam_user_group_membership", "given-more-eve/given-more-admins")
