-- How long a lease was made for. An end that is further away than that was
-- written by a clock that ran ahead, and is not believed. Leases of before
-- have none until their next renewal.
ALTER TABLE lease ADD COLUMN ttl_ms INTEGER CHECK (ttl_ms >= 0);
