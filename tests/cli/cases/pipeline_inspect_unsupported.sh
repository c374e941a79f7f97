# What can be planned is, beside a model of the same file that cannot.
plait inspect tests/cli/files/unsupported.json --memory
