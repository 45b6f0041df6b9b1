"""walship and pgBackRest side by side. test/bench runs this; its head says how."""
