"""Administrative judgments tracked (theo dõi thi hành án hành chính, THAHC): the register, and what it adds up to."""
