"""The groups of commands, in the order of the top help page."""

CHECK = "Check a theorem"
OWN = "Your own data, your own points"
SEARCH = "Search whole families of problems"
NETWORKS = "Train networks, measure them"
PAPER = "The paper's figures and tables"
ORDER = (CHECK, OWN, SEARCH, NETWORKS, PAPER)
