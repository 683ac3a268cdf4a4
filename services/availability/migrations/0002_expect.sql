-- What common/db/script.h asks for: a statement that did not touch the rows that it was meant to fails.
CREATE FUNCTION expect(touched bigint, wanted bigint, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF touched <> wanted THEN
    RAISE EXCEPTION '%: % rows of % were as they had been read', what, touched, wanted
      USING ERRCODE = 'serialization_failure';
  END IF;
END $$;
