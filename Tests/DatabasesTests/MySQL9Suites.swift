// MySQL9Suites: the tests that share one MySQL 9. One after the other: its data dictionary lets statements that define something deadlock
// with those of other connections, and the stock client, unlike ours, does not try again.

import TestKit
import Testing

@Suite(.serialized, .enabled(if: MySQL9Server.isAvailable, "no MySQL here: run scripts/mysql-root.sh as root"))
struct `With MySQL 9` {}
