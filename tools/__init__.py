"""The tools that agents call: plain typed functions that do not depend on agents, models or policies."""
