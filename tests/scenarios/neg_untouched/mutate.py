"""Nothing happens."""


def mutate(hand):
    pass
