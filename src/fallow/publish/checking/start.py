"""Step 4, checking: start the process that looks at documents, with the Fallow that asked for it.

``python -I`` forgets where the caller found its packages; this file knows where it lies itself.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from fallow.publish.checking.child import main

    sys.exit(main())
