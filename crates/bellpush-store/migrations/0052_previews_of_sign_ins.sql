-- The browser that a preview was begun for, by whoever is signed in there: it ends with that.
ALTER TABLE sessions ADD COLUMN sign_in_id {ID};
