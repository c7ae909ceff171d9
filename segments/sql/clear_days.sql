-- Purpose: forget the movement of all segments by day, to be summed up anew.
-- In: tenant_id.
-- Out: nothing.
DELETE FROM segments_membershipday AS d
WHERE d.tenant_id = %(tenant_id)s
