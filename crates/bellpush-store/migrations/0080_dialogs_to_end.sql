-- Whether a dialog is only there to be ended: its call went on elsewhere before it was answered, or is over.
-- Whoever answers for it ends it, and it goes with its call to nobody.
ALTER TABLE dialogs ADD COLUMN is_to_end BOOLEAN NOT NULL DEFAULT FALSE;
