class Report:
    def __init__(self, done, found, backlog, program, given):
        self.done = done
    def text(self):
        return "\n".join(f"{k} {v}" for k, v in {**self.done.results, **self.done.facts}.items())
