"""Property tests of code that is there: found in its hints and docstrings, kept if they prove something.

finding    which functions can be tested, told without importing anything
writing    the tests that follow: Hypothesis' ghostwriter, hints of results, examples of docstrings
assembling test files made of single tests
making     all of it for one repository, judged in the sandbox
"""

from tools.properties.finding import Found, functions_of
from tools.properties.making import Candidates, Made, Property, Workshop

__all__ = ["Candidates", "Found", "Made", "Property", "Workshop", "functions_of"]
