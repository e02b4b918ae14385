"""Cases (việc): one enforcement decision each, with obligations, parties and their life in the books."""
