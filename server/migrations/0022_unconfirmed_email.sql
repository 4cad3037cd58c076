-- Operators who sign in at an OpenID Connect issuer that does not vouch for their e-mail address.

-- The address that such an operator gave, until a code proves it; NULL for all others. Meanwhile
-- `email` holds the operator's id, so that the address is nobody's and anybody's to prove.
ALTER TABLE operator ADD COLUMN unconfirmed_email TEXT;
