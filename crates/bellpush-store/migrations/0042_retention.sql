-- What goes by its time: forms of an app, oldest first.
CREATE INDEX calls_with_forms ON calls (app_id, id) WHERE form_values IS NOT NULL;
