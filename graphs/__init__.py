"""The state machines of agents and deliveries, built with LangGraph."""
