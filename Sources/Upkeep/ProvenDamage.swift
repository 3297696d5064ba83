// ProvenDamage: whether an error shows that something stored is wrong, and not merely that it could not be read just now.
//
// Repairing replaces what is damaged. A disk that does not answer, a place that refuses, a lost lock: these prove nothing about what
// is stored, and whatever they keep from being read is never treated as lost.

import Codecs
import RepositoryEngine
import RepositoryFormat
import Stores

enum ProvenDamage {
    static func isShown(by error: any Error) -> Bool {
        switch error {
        case RepositoryFailure.damaged, RepositoryFailure.blobDamaged, RepositoryFailure.blobMissing: true
        case let error as StoreFailure: error.kind == .corrupt || error.kind == .missing
        // What another version of the format may have written is not damaged.
        case let error as FormatError: error.kind == .damaged || error.kind == .tooLarge
        default: error is CodecError
        }
    }
}
