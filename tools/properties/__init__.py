"""Property tests for existing code, derived from type hints and docstrings and kept only if they kill a mutant.

functions    finding the functions that can be tested, without importing anything
ghostwriter  deriving candidate tests from Hypothesis' ghostwriter and from docstring examples
candidates   splitting test modules into single tests and assembling them again
generate     running the whole process for one repository, evaluated in the sandbox
"""

from tools.properties.functions import PublicFunction, find_functions
from tools.properties.generate import Candidates, ModuleTests, PropertyTest, PropertyTestGenerator

__all__ = [
    "Candidates",
    "ModuleTests",
    "PropertyTest",
    "PropertyTestGenerator",
    "PublicFunction",
    "find_functions",
]
