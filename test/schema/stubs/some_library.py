class Message:
    pass


class Tool:
    pass
