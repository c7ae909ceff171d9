-- Count that a sign-up form was seen, or sent, on a day.
--
-- in:  tenant_id, form_id    bigint
--      day                   date, of the tenant's calendar
--      views, submissions    integer, to be added
--
-- One row for each form and day: what is counted is of nobody.
INSERT INTO messaging_signupday AS d (tenant_id, form_id, day, views, submissions)
VALUES (%(tenant_id)s, %(form_id)s, %(day)s, %(views)s, %(submissions)s)
ON CONFLICT (tenant_id, form_id, day) DO UPDATE
SET views = d.views + excluded.views,
    submissions = d.submissions + excluded.submissions
