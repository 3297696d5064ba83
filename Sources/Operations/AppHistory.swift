// AppHistory: the verb `history`: the runs of this machine, newest first.

import Bytes
package import Journal
import Settings

package struct AppHistory {
    package let workbench: AppWorkbench

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    /// The runs of the application on this machine.
    package func runs(limit: Int) throws -> [RunRecord] {
        try RunJournal.open(workbench.state.journalPath).recent(limit: limit, application: workbench.application.name)
    }
}
