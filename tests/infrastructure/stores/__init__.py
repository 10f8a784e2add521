"""The stores under test; `contract.py` is the suite that every one of them passes."""

import pytest

pytest.register_assert_rewrite(
    *(
        f"tests.infrastructure.stores.{name}"
        for name in (
            "contract",
            "contract_appending",
            "contract_board",
            "contract_closing",
            "contract_faults",
            "contract_following",
            "contract_history",
            "contract_sharing",
            "sqlite.upgraded",
            "together",
            "written",
        )
    )
)
