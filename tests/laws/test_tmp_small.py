"""Small."""
import os, time
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.laws.permutation import prove
async def test_small(fresh_database, capsys):
    db = await Database.open(fresh_database, connections_max=6)
    t=time.time()
    first=int(os.environ.get("FIRST","900"))
    tried = await prove(db, range(first, first+int(os.environ.get("N","12"))), done=lambda s: print(s, time.time()-t, flush=True))
    print(tried)
    r = await audit(db, ("L1","L2","L4","L5","L6","L7","L8","E1"))
    print(r.is_clean(strict=True))
    await db.close()
