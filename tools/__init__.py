"""What agents act through: plain typed functions that know nothing of agents, models or policy."""
